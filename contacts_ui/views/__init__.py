"""HTTP only: guard, form, one use case, response."""
