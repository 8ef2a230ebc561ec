def test_sigmoid():
    pass
