"""What the players minimize: pure functions of tensors."""
