"""`cloudrun auth …`: as whom commands and programs of this machine call."""
