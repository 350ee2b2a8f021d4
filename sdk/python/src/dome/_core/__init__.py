"""The rules, without I/O: both clients are thin shells around them."""
