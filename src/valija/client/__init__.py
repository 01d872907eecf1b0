"""What a user installs: activate a license on this device, show it without a connection, let it go."""
