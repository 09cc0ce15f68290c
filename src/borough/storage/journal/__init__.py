"""The journal and the other streams of the bus that the product keeps."""
