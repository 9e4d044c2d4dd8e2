"""What is known of the folder that is worked in. It may look at files and sends nothing.

Empty so far: exclusions and an index of the project's names will live here.
"""
