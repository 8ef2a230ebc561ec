def as_value(number, kind):
    return number if isinstance(number, kind) else kind(number)
