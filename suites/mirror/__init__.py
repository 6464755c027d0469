"""The trial of a mirror: what is asked, by what it is judged, and what a run comes to."""
