let () = Command.run ()
