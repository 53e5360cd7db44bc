"""What is played: who the players are, how they are updated, what they report."""
