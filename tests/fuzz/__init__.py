"""Odd requests: headers, parameters and bodies at every address, as every role. `bin/fuzz.py` sends many of them."""
