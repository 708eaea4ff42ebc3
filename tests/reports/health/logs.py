"""Small logs of several senders and days."""

from hypothesis import strategies as st

from tests.logs import ABSENT, Record, record

REASONS = (
    "551 5.1.1 recipient is not exist",
    "550 Mail content denied",
    "550 5.1.1 <a@qq.com> user unknown",
    "550 5.1.1 <x@other.example> user unknown",
    "452 4.2.2 mailbox full",
    "\0no <a@qq.com>",
    "550 用户不存在 d@例子.cn. " + "很" * 300,
    "",
)
EVENTS = ("delivered", "delivered", "bounce", "bounce", "dropped", "deferred", "open", "open", "spamreport", "click")
START = 1_767_600_000

RECORDS: st.SearchStrategy[Record] = st.builds(
    record,
    event=st.sampled_from(EVENTS),
    email=st.sampled_from(["a@qq.com", "b@QQ.com", "c@163.com", "d@例子.cn", ""]),
    timestamp=st.integers(START, START + 300_000) | st.integers(START, START + 3),
    reason=st.sampled_from(REASONS),
    bounceType=st.sampled_from(["hard_bounce", "soft_bounce", "soft", ""]),
    fromDomain=st.sampled_from(["a.example", "A.example", "b.example", "", ABSENT]),
    templateId=st.sampled_from([1, 2, ABSENT]),
    bulkId=st.sampled_from(["q-1", "q-2", "q-3", "q-4", ""]),
)
"""Records that a health check counts, and some that it does not."""
