"""What tests share: real servers, ports, waiting."""
