"""Which classes of bounce reasons make an invalid address, and which a spam bounce.

The provider tells these apart and publishes no list; `bounceType` cannot tell them apart, the reason can.
docs/check.md shows this table.
"""

INVALID_ADDRESS = ("unknown-user", "invalid-address", "inactive-mailbox", "domain-not-found")
SPAM_BOUNCE = ("spam-content", "sender-reputation")
