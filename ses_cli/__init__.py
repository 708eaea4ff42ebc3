"""Check, summarise, replay and capture the callbacks of Tencent Cloud SES."""

__version__ = "0.1.0"
