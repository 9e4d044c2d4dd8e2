"""What is known of the folder that is worked in. It may look at files and sends nothing."""
