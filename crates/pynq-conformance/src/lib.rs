//! The conformance suite every pynq backend passes: named cases, generic over the backend.
