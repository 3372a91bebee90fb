"""What holds of every parser of foreign bytes, and ``make fuzz``, which tries to make it fall."""
