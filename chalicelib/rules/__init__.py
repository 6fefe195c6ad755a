"""What people write -> `core.rules`: the policy language, its reader, and the tools that judge histories with it."""
