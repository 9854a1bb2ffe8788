"""Making the usual request in compiled code: what `BaseClient.build_request` makes, for the arguments that most calls have."""


cdef object draft_request(
    dict client, object method, object url, object content, object json, object params, object headers, object timeout
)
