"""What finds the words of a picture. One port, several engines; nothing else of the service knows which one runs."""
