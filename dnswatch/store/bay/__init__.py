"""What passes between the watch and the holding bay: who is quarantined, and what was found."""
