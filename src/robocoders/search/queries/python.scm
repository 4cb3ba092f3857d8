; Text predicates are not to be used in these files: what was read through a callback has no text for them.

; A constant and the documentation string below it.
(module
  (expression_statement (assignment left: (identifier) @name)) @constant
  . (expression_statement (string) @doc))
(module (expression_statement (assignment left: (identifier) @name)) @constant)
(module (expression_statement (assignment left: (pattern_list (identifier) @name))) @constant)
(class_definition body: (block (expression_statement (assignment left: (identifier) @name)) @constant))
(type_alias_statement left: (type (identifier) @name)) @type

(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
(function_definition body: (block . (expression_statement (string) @doc)))
(class_definition body: (block . (expression_statement (string) @doc)))

(comment) @comment
(decorator) @lead
(decorator [(identifier) @call (attribute attribute: (identifier) @call)])
(call function: [(identifier) @call (attribute attribute: (identifier) @call)])
