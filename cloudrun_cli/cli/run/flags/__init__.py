"""The flags of what runs: tables by subject, shared by the commands that deploy and update."""
