"""Messages to test with: few of them, few times, so that they meet each other and every border."""

from hypothesis import strategies as st

from tests.logs import ABSENT, Record, record

EVENTS = ("delivered", "deferred", "dropped", "bounce", "open", "click", "spamreport", "unsubscribe", "processed")
BULK_IDS = (
    "q-1",
    "qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1",
    "q-date-20220601142439",
    "q-date-20220601146039-a",
    "q-date-19700101142439-a",
    "q-date-202206011424391-date-20220601142439",
)
AGENTS = (
    ABSENT,
    None,
    "Mozilla/5.0",
    "Mozilla/5.0 (X11; Linux x86_64)",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
)
TIMES = st.integers(1654064675, 1654064683)

MESSAGES: st.SearchStrategy[Record] = st.builds(
    record,
    event=st.sampled_from(EVENTS),
    email=st.sampled_from(["a@qq.com", "a@QQ.com", "b@163.com", "a@例子.CN", "a@xn--fsqu00a.cn"]),
    bulkId=st.sampled_from(BULK_IDS),
    timestamp=TIMES,
    bounceType=st.sampled_from(["hard_bounce", "soft_bounce", "hard", "soft", "", ABSENT]),
    link=st.sampled_from([ABSENT, "", "https://a.example/?x=1", "https://b.example/"]),
    useragent=st.sampled_from(AGENTS),
    templateId=st.sampled_from([ABSENT, None, 1, 2]),
    sentTimestamp=st.sampled_from([ABSENT, ABSENT, None, 0, 1654064678, 1654064690]),
    fromDomain=st.sampled_from(["a.example", "A.example.", "", ABSENT]),
    messageId=st.sampled_from([ABSENT, "m@a.example"]),
)
"""A callback of one of some thirty messages."""
