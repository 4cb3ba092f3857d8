"""The routes below `/v1`: what programs that speak to OpenAI find here instead."""
