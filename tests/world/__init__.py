"""The generated world of docs/consent.md: `make world`."""
