from .numbers_of import one

two = one + one
