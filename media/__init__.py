"""Calls: their state, the transport below SDP, the forwarding engine and RTCP."""
