"""消防占道: something stands where the fire engine has to pass."""
