; What JavaScript and TypeScript have in common.

(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(class_declaration name: (_) @name) @class
(method_definition name: (_) @name) @function
(variable_declarator
  name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @function
(variable_declarator name: (identifier) @name value: (class)) @class
(assignment_expression
  left: (member_expression object: (identifier) @owner property: (property_identifier) @name)
  right: [(arrow_function) (function_expression) (generator_function) (class)]) @function
(assignment_expression
  left: (member_expression
    object: (member_expression object: (identifier) @owner property: (property_identifier))
    property: (property_identifier) @name)
  right: [(arrow_function) (function_expression) (generator_function)]) @function
(pair
  key: (property_identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @function
(function_expression name: (identifier) @name) @function
(program
  [(lexical_declaration (variable_declarator name: (identifier) @name value: (_)? @value) @constant)
   (variable_declaration (variable_declarator name: (identifier) @name value: (_)? @value) @constant)])
(program (export_statement
  (lexical_declaration (variable_declarator name: (identifier) @name value: (_)? @value) @constant)))

(comment) @comment
(decorator) @lead
(decorator (identifier) @call)
(call_expression function: [
  (identifier) @call
  (member_expression property: [(property_identifier) (private_property_identifier)] @call)])
(new_expression constructor: [(identifier) @call (member_expression property: (property_identifier) @call)])
