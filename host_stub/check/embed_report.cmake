# Writes OUTPUT, a C++ source with the text of TEMPLATE. Run as a script at build time.
file(READ "${TEMPLATE}" text)
file(WRITE "${OUTPUT}" "#include \"check/report_template.h\"\n\nnamespace host {\n\nconst std::string_view kReportTemplate = R\"mustache(${text})mustache\";\n\n}  // namespace host\n")
