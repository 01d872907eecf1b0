"""valija-server: starts, keeps and questions one installation."""
