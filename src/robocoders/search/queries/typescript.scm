(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(type_alias_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @enum
(enum_body name: (property_identifier) @name @constant)
(enum_assignment name: (property_identifier) @name) @constant
(internal_module name: (_) @name) @module
(module name: (_) @name) @module
(function_signature name: (_) @name) @function
(method_signature name: (_) @name) @function
(abstract_method_signature name: (_) @name) @function
(public_field_definition
  name: (_) @name
  value: [(arrow_function) (function_expression) (generator_function)]) @function
(public_field_definition name: (property_identifier) @name value: (_)) @constant
(ambient_declaration (lexical_declaration (variable_declarator name: (identifier) @name) @constant))
