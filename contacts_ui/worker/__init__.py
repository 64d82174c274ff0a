"""The worker: what is done without a person's request.

- `schedule`: everything that runs again and again, with its interval.
- `delivery_pool`: the threads that call the vendors.
"""
