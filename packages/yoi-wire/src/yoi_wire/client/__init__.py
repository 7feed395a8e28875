"""HTTP client of both programs: requests and answers of declared operations, and the connections that they go over."""
