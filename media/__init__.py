"""Calls: the transport below SDP, the forwarding engine and RTCP. Not joined to the server yet."""
