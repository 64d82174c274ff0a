"""Put together what people review: so far, everything about one number."""
