"""The site as one file, as far as it can be judged where no container engine runs."""
