"""Jobs and their lock leases: lifecycle, progress and the records that the database returns."""
