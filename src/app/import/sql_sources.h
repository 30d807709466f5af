#pragma once

#include "app/import/imported.h"

namespace tailrace::app {

// An application around a bare SQL program: what it reads and does not create becomes inputs and reference tables,
// their columns found from use, their types guessed; every stream that no pump reads becomes an output.
//
// Input   `application.sql`. A program that does not parse gives what its good statements need.
// Errors  None; `notes` says what was guessed.
void InferSources(ImportedApplication& application, ImportNotes& notes);

}  // namespace tailrace::app
