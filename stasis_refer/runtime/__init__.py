"""What runs the pure core: one actor per call, effects, journal. No network in here."""
