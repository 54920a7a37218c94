"""What is done to a device besides its configuration: restart it, save, copy a file to it, answer what it asks."""
