"""When a request may leave: pace, throttle, breaker and backoff, without a clock of their own."""
