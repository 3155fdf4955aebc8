"""The record in SQL: the only package that imports SQLAlchemy."""
