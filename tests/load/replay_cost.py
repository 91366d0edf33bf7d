def measure(*, quick=False): return []
