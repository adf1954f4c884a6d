"""What is installed: the Debian package and the wheel, in places where nothing of ours is."""
