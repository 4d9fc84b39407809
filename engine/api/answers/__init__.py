"""What the routes answer, as schemas: one module per subject, of the parts in `engine.api.answers.parts`.

A schema here is a promise: a field it names is there unless it is said to be absent at times, and nothing else is. Every
leaf carries an example, from which the examples of whole answers are composed. The tests hold every answer they get
against its schema.
"""
