"""What differs between the databases, one file each; everything else is the same statement."""
