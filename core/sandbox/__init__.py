"""The vendors, simulated over real HTTP on loopback, with faults on demand; known to the desk through settings only."""
