"""What tests share: clocks, fakes, peers."""
