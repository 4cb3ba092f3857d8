(namespace_definition name: (_) @name) @module
(class_specifier name: (type_identifier) @name body: (_)) @class
(class_specifier name: (template_type name: (type_identifier) @name) body: (_)) @class
(struct_specifier name: (template_type name: (type_identifier) @name) body: (_)) @struct
(function_definition declarator: [
  (function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name)
  (pointer_declarator declarator: (function_declarator declarator: [(field_identifier) (operator_name)] @name))
  (reference_declarator (function_declarator declarator: [(identifier) (field_identifier) (operator_name)] @name))
  (operator_cast) @name]) @function
(function_definition declarator: [
  (function_declarator declarator: (qualified_identifier scope: (_) @owner
    name: [(identifier) (destructor_name) (operator_name) (operator_cast)] @name))
  (pointer_declarator declarator: (function_declarator declarator: (qualified_identifier scope: (_) @owner
    name: [(identifier) (operator_name)] @name)))
  (reference_declarator (function_declarator declarator: (qualified_identifier scope: (_) @owner
    name: [(identifier) (operator_name)] @name)))
  (function_declarator declarator: (qualified_identifier name: (qualified_identifier scope: (_) @owner
    name: [(identifier) (destructor_name) (operator_name)] @name)))
  (function_declarator declarator: (qualified_identifier name: (qualified_identifier name:
    (qualified_identifier scope: (_) @owner name: [(identifier) (destructor_name) (operator_name)] @name))))
  (qualified_identifier scope: (_) @owner name: (operator_cast) @name)]) @function
(field_declaration declarator: (field_identifier) @name default_value: (_)) @constant
(alias_declaration name: (type_identifier) @name) @type
(concept_definition name: (identifier) @name) @type

(template_parameter_list) @lead
(call_expression function: [
  (qualified_identifier name: [
    (identifier) @call
    (template_function name: (identifier) @call)
    (qualified_identifier name: (identifier) @call)])
  (template_function name: (identifier) @call)
  (field_expression field: (template_method name: (field_identifier) @call))])
(new_expression type: [(type_identifier) @call (qualified_identifier name: (type_identifier) @call)])
