"""Every error there is: codes and texts, as the vendor's reference has them."""

# What the methods themselves find wrong.  Where these errors stand in an answer, and with which
# HTTP status, is a matter of the portal's options.
METHOD_ERRORS = {
    "VALIDATION_ID_NOT_PROVIDED": "ID is missing.",
    "VALIDATION_INVALID_ID_FORMAT": "ID has to be a positive integer.",
    "VALIDATION_FIELDS_NOT_PROVIDED": "Fields not provided.",
    "VALIDATION_UNKNOWN_PARAMETERS": "Unknown parameters: {params}",
    "VALIDATION_REQUIRED_FIELD_MISSING": 'Field "{title}" is required.',
    "VALIDATION_READ_ONLY_FIELD": 'Field "{title}" is read only.',
    "VALIDATION_IMMUTABLE_FIELD": 'Field "{title}" is immutable.',
    "VALIDATION_INVALID_FIELD_TYPE": 'Field "{title}" must be of type {type}.',
    "VALIDATION_SETTINGS_MISSING_REQUIRED_FIELDS":
        'Settings must include "type", "name" and "code" fields.',
    "VALIDATION_SETTINGS_NAME_TOO_LONG": 'Parameter "name" must be less than 512 characters.',
    "VALIDATION_SETTINGS_CODE_TOO_LONG": 'Parameter "code" must be less than 512 characters.',
    "VALIDATION_SETTINGS_INVALID_TYPE": 'Parameter "type" is not correct.',
    "VALIDATION_SELECT_TYPE": 'Parameter "select" must be array.',
    "VALIDATION_FILTER_TYPE": 'Parameter "filter" must be array.',
    "VALIDATION_ORDER_TYPE": 'Parameter "order" must be array.',
    "VALIDATION_FIELD_NOT_ALLOWED_IN_SELECT": 'Field "{title}" is not allowed in the "select".',
    "VALIDATION_FIELD_NOT_ALLOWED_IN_FILTER": 'Field "{title}" is not allowed in the "filter".',
    "VALIDATION_FIELD_NOT_ALLOWED_IN_ORDER": 'Field "{title}" is not allowed in the "order".',
    "VALIDATION_INVALID_FILTER_LOGIC": 'Field "logic" must be either "AND" or "OR".',
    "CONNECTOR_NOT_FOUND": "Connector was not found.",
    "CONNECTOR_DELETE_RESTRICTED":
        "Connector cannot be removed. Remove the connections related to the connector first.",
    "SOURCE_NOT_FOUND": "Source was not found.",
    "SOURCE_CREATE_CONNECTION_ERROR": "Cannot create connection.",
    "SOURCE_UPDATE_CONNECTION_ERROR": "Cannot update connection.",
    "BX_ERROR": "Cannot delete source. Delete all related datasets first.",
    "DATASET_NOT_FOUND": "Dataset was not found.",
    "DATASET_ALREADY_EXIST": "Dataset with this name already exists.",
    "DATASET_UPDATE_ERROR": "Error updating dataset.",
    "INVALID_METHOD":
        'Use the method "biconnector.dataset.fields.update" to update the dataset fields.',
    "VALIDATION_DATASET_NAME_INVALID":
        "Dataset name has to start with a lowercase Latin character. Possible entry includes "
        "lowercase Latin characters (a-z), numbers (0-9) and underscores.",
    "VALIDATION_DATASET_NAME_TOO_LONG": "Dataset name must not exceed 230 characters.",
    "VALIDATION_DUPLICATE_FIELD_CODE":
        'Duplicate values found in the "code" parameter: {values}',
    "VALIDATION_DUPLICATE_FIELD_NAME":
        'Duplicate values found in the "name" parameter: {values}',
    "VALIDATION_FIELD_MISSING_REQUIRED_PARAMETERS":
        'Field must include the required parameters: "name", "externalCode" and "type".',
    "VALIDATION_FIELD_NAME_INVALID_FORMAT":
        'Field "name" has to start with an uppercase Latin character. Possible entry includes '
        "uppercase Latin characters (A-Z), numbers (0-9) and underscores.",
    "VALIDATION_FIELD_NAME_TOO_LONG": 'Field "name" must not exceed 32 characters.',
    "VALIDATION_FIELD_INVALID_TYPE": "Invalid field type.",
    "VALIDATION_DUPLICATE_EXIST_CODE":
        'The following "externalCode" values already exist in the current fields: {values}',
    "VALIDATION_DUPLICATE_EXIST_NAME":
        'The following "name" values already exist in the current fields: {values}',
    "VALIDATION_FIELD_ADD_MISSING_REQUIRED_FIELDS":
        'Field to be added must include the required parameters: "name", "externalCode" and '
        '"type".',
    "VALIDATION_FIELD_UPDATE_MISSING_REQUIRED_FIELDS":
        'Field to be updated must include the required parameters: "id" and "visible".',
    "VALIDATION_FIELD_DELETE_INVALID_ID": "ID to be deleted must be a positive integer.",
    "FIELDS_EMPTY": "$fields is empty",         # of the later documentation
}

# Errors that the reference lists with a dash in the place of a code.
WITHOUT_CODE = {
    "biconnector.dataset.add": "Error adding dataset",
    "biconnector.dataset.update": "Error updating dataset.",
    "biconnector.dataset.delete": "Error deleting dataset",
}

# What may happen to any call, before or instead of the method: always at the top of the answer.
SYSTEM_ERRORS = {
    "INTERNAL_SERVER_ERROR": (500, "Internal server error"),
    "ERROR_UNEXPECTED_ANSWER": (500, "Server returned an unexpected response"),
    "QUERY_LIMIT_EXCEEDED": (503, "Too many requests"),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, "Method is not allowed for batch usage"),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, "Max batch length exceeded"),
    "NO_AUTH_FOUND": (401, "Wrong authorization data"),
    "INVALID_REQUEST": (400, "Https required"),
    "OVERLOAD_LIMIT": (503, "REST API is blocked due to overload"),
    "ACCESS_DENIED": (403, "REST API is available only on commercial plans"),
    "INVALID_CREDENTIALS": (403, "Invalid request credentials"),
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": (404, "Manifest is not available"),
    "insufficient_scope":
        (403, "The request requires higher privileges than provided by the webhook token"),
    "expired_token": (401, "The access token provided has expired"),
    "user_access_error": (403, "The user does not have access to the application"),
    "PORTAL_DELETED": (500, "Portal was deleted"),
    "ERROR_METHOD_NOT_FOUND": (404, "Method not found!"),
    "ERROR_ARGUMENT": (400, 'Invalid order "{value}"'),         # of the later documentation
}

# What is wrong with a request for a token; RFC 6749 has no texts for these.
OAUTH_ERRORS = {
    "invalid_request": 400,
    "unsupported_grant_type": 400,
    "invalid_grant": 400,
    "invalid_client": 401,
}


class ApiError(Exception):
    """An error of a method or, if it has a status, of the system."""

    def __init__(self, code, description=None, status=None, **values):
        if description is None and status is None:
            status, text = SYSTEM_ERRORS.get(code) or (None, METHOD_ERRORS[code])
            description = text.format(**values)
        super().__init__(f"{code}: {description}")
        self.code, self.description, self.status = code, description, status
        self.shape = None       # where it stands in the answer, if the options do not say that
