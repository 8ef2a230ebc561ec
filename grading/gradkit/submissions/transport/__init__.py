"""The boundary to a student's code: `Subject` proxies over two transports, in this process and in a worker."""
