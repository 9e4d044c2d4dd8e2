"""What users set up: their editors, and settings that they bring from another tool."""
