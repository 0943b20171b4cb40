(** Parts of the domain of a loop on which each threshold of the trees in it has one side, and the program
    of the loop on each of them: without [Select] there, and without what it then does not use. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language Claims Decisions Crossings Cases Leaves.
Import ListNotations.
Local Open Scope R_scope.

(** * Affine forms of what a program computes, where they are known *)

Notation known_form := (option affine).
Definition form_reduced (a : affine) : affine := Form (Qred (offset a)) (map Qred (slopes a)).
Definition with_form (f : affine -> affine) (a : known_form) : known_form := option_map f a.
Definition with_forms (f : affine -> affine -> known_form) (a b : known_form) : known_form :=
  match a, b with Some u, Some v => option_map form_reduced (f u v) | _, _ => None end.
Definition form_product (a b : affine) : known_form :=
  if is_constant a then Some (form_times (offset a) b)
  else if is_constant b then Some (form_times (offset b) a) else None.
Fixpoint row_form (row : list Q) (v : list known_form) (bias : Q) : known_form :=
  match row, v with
  | w :: row', a :: v' => with_forms (fun u r => Some (form_plus (form_times w u) r)) a (row_form row' v' bias)
  | _, _ => Some (Form bias [])
  end.
(** [n] variables. *)
Definition node_forms (n : nat) (e : list (list known_form)) (c : node Q) : list known_form :=
  let arg k := nth k e [] in
  let first k := hd None (arg k) in
  let each f a b := map (fun p => with_forms f (fst p) (snd p)) (combine (arg a) (arg b)) in
  match c with
  | Const q => [Some (Form q [])]
  | Var i => [if Nat.ltb i n then Some (variable i) else None]
  | Neg a => map (with_form form_neg) (arg a)
  | Add a b => each (fun u v => Some (form_plus u v)) a b
  | Sub a b => each (fun u v => Some (form_plus u (form_neg v))) a b
  | Mul a b => each form_product a b
  | Stack parts => map first parts
  | Index a i => [nth i (arg a) None]
  | Affine rows a => map (fun r => row_form (fst r) (arg a) (snd r)) rows
  | Select _ _ _ => [None]
  | Max a b | Quotient _ a b | Quotient2 _ a b | Increment _ a b => map (fun _ => None) (combine (arg a) (arg b))
  | Call _ a | Step a => map (fun _ => None) (arg a)
  end.

Definition formed (x : list R) (a : known_form) (s : scalar) : Prop := forall f, a = Some f -> s = Some (at_point x f).
Definition all_formed (x : list R) : list known_form -> vector -> Prop := Forall2 (formed x).

Lemma reduced_ok x a : at_point x (form_reduced a) = at_point x a.
Proof.
  unfold at_point. simpl. rewrite (Qeq_eqR _ _ (Qred_correct (offset a))). f_equal.
  revert x. induction (slopes a) as [|w l IH]; intros [|v x]; simpl; auto.
  now rewrite IH, (Qeq_eqR _ _ (Qred_correct w)).
Qed.
Lemma with_forms_ok x f g a b r q : formed x a r -> formed x b q ->
  (forall u v c, f u v = Some c -> g (at_point x u) (at_point x v) = at_point x c) ->
  formed x (with_forms f a b) (lift2 (fun v w => Some (g v w)) r q).
Proof.
  intros A B F c E. destruct a as [u|], b as [v|]; try discriminate. simpl in E.
  destruct (f u v) as [d|] eqn:D; [|discriminate]. inversion E; subst.
  rewrite (A u eq_refl), (B v eq_refl). simpl. now rewrite reduced_ok, (F u v d D).
Qed.
Lemma row_form_ok x row bias : forall a v, all_formed x a v -> formed x (row_form row a bias) (dot row v (Q2R bias)).
Proof.
  assert (Last : formed x (Some (Form bias [])) (Some (Q2R bias))).
  { intros f E. inversion E; subst. unfold at_point. simpl. f_equal. ring. }
  induction row as [|w row IH]; intros a v H; [exact Last|]. destruct H as [|a s l v T H]; [exact Last|].
  cbn [row_form dot]. apply (with_forms_ok x _ (fun y z => Q2R w * y + z)); auto.
  intros u r c E. inversion E; subst. now rewrite form_plus_ok, form_times_ok.
Qed.
Lemma formed_arg x e vs k : Forall2 (all_formed x) e vs -> all_formed x (nth k e []) (nth k vs []).
Proof. intros H. revert k. induction H; intros [|k]; simpl; auto; constructor. Qed.
Lemma formed_none x s : formed x None s. Proof. intros f E. discriminate. Qed.
Lemma formed_first x a v : all_formed x a v -> formed x (hd None a) (hd None v).
Proof. destruct 1; simpl; auto. apply formed_none. Qed.
Lemma formed_nth x a v i : all_formed x a v -> formed x (nth i a None) (nth i v None).
Proof. intros H. revert i. induction H; intros [|i]; simpl; auto using formed_none. Qed.
Lemma formed_zip x f (g : R -> R -> R) :
  (forall u v c, f u v = Some c -> g (at_point x u) (at_point x v) = at_point x c) ->
  forall a v b w, all_formed x a v -> all_formed x b w ->
  all_formed x (map (fun p => with_forms f (fst p) (snd p)) (combine a b)) (zip (lift2 (fun y z => Some (g y z))) v w).
Proof.
  intros F a v b w H. revert b w. unfold zip. induction H; intros b w K; [constructor|].
  destruct K; [constructor|]. simpl. constructor; [now apply with_forms_ok|]. now apply IHForall2.
Qed.
Lemma none_formed {A} x (a : list A) v : length a = length v -> all_formed x (map (fun _ => None) a) v.
Proof. revert v. induction a; intros [|s v] L; try discriminate; simpl; constructor; auto using formed_none. apply IHa; auto. Qed.

Lemma node_forms_ok x t e vs c : Forall2 (all_formed x) e vs -> all_formed x (node_forms (length x) e c) (evaluate x t vs c).
Proof.
  intros H. pose proof (fun k => formed_arg x e vs k H) as A.
  pose proof (fun k => as_long _ _ _ (A k)) as L.
  assert (C : forall a b, length (combine (nth a e []) (nth b e [])) = length (combine (nth a vs []) (nth b vs [])))
    by (intros; now rewrite !combine_length, !L).
  destruct c; cbn [node_forms evaluate].
  - repeat constructor. intros f E. inversion E; subst. unfold at_point. simpl. f_equal. ring.
  - repeat constructor. destruct (Nat.ltb_spec i (length x)) as [I|I]; [|apply formed_none].
    intros f E. inversion E; subst. destruct (nth_error x i) as [v|] eqn:V.
    + f_equal. symmetry. now apply variable_ok.
    + apply nth_error_None in V. lia.
  - specialize (A a). clear -A. induction A as [|f s l v F A IH]; simpl; constructor; auto.
    intros g E. destruct f as [f|]; [|discriminate]. inversion E; subst. rewrite (F f eq_refl). simpl. now rewrite form_neg_ok.
  - apply (formed_zip x _ Rplus); auto. intros u v c E. inversion E; subst. now rewrite form_plus_ok.
  - apply (formed_zip x _ Rminus); auto. intros u v c E. inversion E; subst. now rewrite form_plus_ok, form_neg_ok.
  - apply (formed_zip x _ Rmult); auto. intros u v c E. unfold form_product in E.
    destruct (is_constant u) eqn:U; [|destruct (is_constant v) eqn:V; [|discriminate]]; inversion E; subst; rewrite form_times_ok.
    + now rewrite (is_constant_ok x u U).
    + rewrite (is_constant_ok x v V). ring.
  - apply none_formed. unfold zip. now rewrite map_length, C.
  - apply none_formed. now rewrite map_length.
  - apply none_formed. unfold mapi. now rewrite mapi_from_map.
  - constructor; [apply formed_none|constructor].
  - apply none_formed. unfold zipi, mapi. now rewrite mapi_from_map, C.
  - apply none_formed. unfold zipi, mapi. now rewrite mapi_from_map, C.
  - apply none_formed. unfold zip. now rewrite map_length, C.
  - induction parts as [|k parts IH]; simpl; constructor; auto. apply formed_first, A.
  - constructor; [|constructor]. apply formed_nth, A.
  - induction rows as [|r rows IH]; simpl; constructor; auto. now apply row_form_ok.
Qed.

(** * What is decided on a part *)

(** The side that [Select] takes on all of [b]; or a condition in one variable that has both. *)
Definition decided (b : list side) (e : list (list known_form)) (c : node Q) : node Q * option affine :=
  match c with
  | Select a u v =>
    match hd None (nth a e []) with
    | Some f =>
      if impossible b true f then (Stack [v], None)
      else if impossible b false (form_neg f) then (Stack [u], None)
      else (c, match only 0 (slopes f) with Some _ => Some f | None => None end)
    | None => (c, None)
    end
  | _ => (c, None)
  end.
(** The program with these sides, and the last of the conditions that are left. *)
Fixpoint settled (b : list side) (p : list (node Q)) (e : list (list known_form)) (left : option affine) :
  list (node Q) * option affine :=
  match p with
  | [] => ([], left)
  | c :: p' =>
    let (d, f) := decided b e c in
    let (q, l) := settled b p' (node_forms (length b) e d :: e) (match f with Some _ => f | None => left end) in
    (d :: q, l)
  end.

Lemma decided_ok b x t e vs c : inside_box b x -> Forall2 (all_formed x) e vs ->
  evaluate x t vs (fst (decided b e c)) = evaluate x t vs c.
Proof.
  intros I H. destruct c; try reflexivity. cbn [decided].
  pose proof (formed_first x _ _ (formed_arg x e vs a H)) as F. destruct (hd None (nth a e [])) as [f|]; [|reflexivity].
  specialize (F f eq_refl). destruct (impossible b true f) eqn:N.
  - apply (impossible_ok b true f x) in N; auto. unfold holds_at in N. simpl in N. cbn [fst evaluate map].
    rewrite F. simpl. destruct (Rlt_dec 0 (at_point x f)); [contradiction|reflexivity].
  - destruct (impossible b false (form_neg f)) eqn:Y; [|reflexivity].
    apply (impossible_ok b false _ x) in Y; auto. unfold holds_at in Y. simpl in Y. rewrite form_neg_ok in Y. cbn [fst evaluate map].
    rewrite F. simpl. destruct (Rlt_dec 0 (at_point x f)); [reflexivity|lra].
Qed.
Lemma settled_ok b x t : inside_box b x -> forall p e vs left, Forall2 (all_formed x) e vs ->
  run x t (fst (settled b p e left)) vs = run x t p vs.
Proof.
  intros I. pose proof (as_long _ _ _ I) as N. induction p as [|c p IH]; intros e vs left H; [reflexivity|]. cbn [settled].
  pose proof (decided_ok b x (t (length vs)) e vs c I H) as D. destruct (decided b e c) as [d f]. simpl in D.
  specialize (IH (node_forms (length b) e d :: e) (evaluate x (t (length vs)) vs d :: vs) (match f with Some _ => f | None => left end)).
  destruct (settled b p _ _) as [q l]. cbn [fst run] in *. rewrite IH.
  - now rewrite D.
  - constructor; auto. rewrite N. now apply node_forms_ok.
Qed.

(** * A program without what is not used *)

Definition renamed (f : nat -> nat) (c : node Q) : node Q :=
  match c with
  | Const q => Const q | Var i => Var i
  | Neg a => Neg (f a) | Call g a => Call g (f a) | Step a => Step (f a)
  | Add a b => Add (f a) (f b) | Sub a b => Sub (f a) (f b) | Mul a b => Mul (f a) (f b) | Max a b => Max (f a) (f b)
  | Select a b c => Select (f a) (f b) (f c)
  | Quotient g a b => Quotient g (f a) (f b) | Quotient2 g a b => Quotient2 g (f a) (f b)
  | Increment g a b => Increment g (f a) (f b)
  | Stack l => Stack (map f l) | Index a i => Index (f a) i | Affine rows a => Affine rows (f a)
  end.
(** Those whose value a choice belongs to, which is numbered by their place. *)
Definition chooses (c : node Q) : bool :=
  match c with Step _ | Quotient _ _ _ | Quotient2 _ _ _ => true | _ => false end.
Lemma renamed_ok f x t t' es vs c : chooses c = false -> (forall a, In a (arguments c) -> nth (f a) es [] = nth a vs []) ->
  evaluate x t' es (renamed f c) = evaluate x t vs c.
Proof.
  intros C H. destruct c; try discriminate; cbn [renamed evaluate arguments] in *; auto;
    repeat match goal with |- context [nth (f ?a) es []] => rewrite (H a) by (simpl; auto) end; auto.
  rewrite map_map. apply map_ext_in. intros a I. now rewrite H.
Qed.

(** Those that [mask] keeps.  [place] says where each of the vectors before is now, newest first. *)
Fixpoint shrunk (mask : list bool) (p : list (node Q)) (place : list (option nat)) (count : nat) :
  option (list (node Q) * list (option nat) * nat) :=
  match p, mask with
  | [], _ => Some ([], place, count)
  | c :: p', true :: mask' =>
    if chooses c || existsb (fun a => match nth a place None with None => true | _ => false end) (arguments c) then None
    else
      let back a := match nth a place None with Some j => count - S j | None => 0 end%nat in
      match shrunk mask' p' (Some count :: place) (S count) with
      | Some (q, places, n) => Some (renamed back c :: q, places, n)
      | None => None
      end
  | _ :: p', _ => shrunk (tl mask) p' (None :: place) count
  end.
Definition stored (place : list (option nat)) (es vs : list vector) : Prop :=
  forall k j, nth k place None = Some j -> (j < length es)%nat /\ nth (length es - S j) es [] = nth k vs [].
Lemma stored_more place es vs v w : stored place es vs -> stored (None :: place) es (v :: vs) /\
  (w = v -> stored (Some (length es) :: place) (w :: es) (v :: vs)).
Proof.
  intros S. split; [intros [|k] j E; [discriminate|]; now apply S|]. intros -> [|k] j E.
  - inversion E; subst. cbn [length]. rewrite Nat.sub_diag. split; [lia|reflexivity].
  - destruct (S k j E) as [L N]. cbn [length]. split; [lia|].
    replace (Datatypes.S (length es) - Datatypes.S j)%nat with (Datatypes.S (length es - Datatypes.S j)) by lia. exact N.
Qed.
Lemma shrunk_ok x t p : forall mask place es vs q places n, stored place es vs ->
  shrunk mask p place (length es) = Some (q, places, n) ->
  stored places (run x t q es) (run x t p vs) /\ length (run x t q es) = n.
Proof.
  induction p as [|c p IH]; intros mask place es vs q places n H E; [simpl in E; inversion E; subst; auto|].
  assert (Skip : shrunk (tl mask) p (None :: place) (length es) = Some (q, places, n) ->
    stored places (run x t q es) (run x t (c :: p) vs) /\ length (run x t q es) = n).
  { intros K. cbn [run]. apply (IH (tl mask) (None :: place) es _ q places n); auto. now apply (stored_more place es vs _ []). }
  cbn [shrunk] in E. destruct mask as [|[|] mask]; auto. clear Skip.
  destruct (chooses c) eqn:C; [discriminate|]. destruct (existsb _ _) eqn:X; [discriminate|]. cbn [orb] in E.
  set (back := fun a => match nth a place None with Some j => (length es - S j)%nat | None => 0%nat end) in *.
  destruct (shrunk mask p (Some (length es) :: place) (S (length es))) as [[[r ps] m]|] eqn:K; [|discriminate].
  inversion E; subst; clear E. cbn [run].
  set (w := evaluate x (t (length es)) es (renamed back c)). set (v := evaluate x (t (length vs)) vs c).
  assert (Eq : w = v).
  { apply renamed_ok; auto. intros a I. unfold back. destruct (nth a place None) as [j|] eqn:P.
    - now apply H.
    - exfalso. assert (Y : existsb (fun a => match nth a place None with None => true | _ => false end) (arguments c) = true)
        by (apply existsb_exists; exists a; split; auto; now rewrite P). congruence. }
  apply (IH mask (Some (length es) :: place) (w :: es) (v :: vs)); auto. now apply (stored_more place es vs v w).
Qed.

(** What is used, of a program backwards, [marks] being what is so by those after it: untrusted. *)
Fixpoint used (p : list (node Q)) (marks : list bool) : list bool :=
  match p with
  | [] => []
  | c :: p' =>
    let read := hd false marks in
    read :: used p' (if read then fold_right mark (tl marks) (arguments c) else tl marks)
  end.

(** Programs with the places of their results, counted back. *)
Notation routine := (list (node Q) * list nat)%type.
Definition outcomes (r : routine) (x : list R) (t : choice) : vector :=
  let e := run x t (fst r) [] in map (fun k => hd None (nth k e [])) (snd r).
Definition compact (r : routine) : routine :=
  let (p, outs) := r in
  let mask := rev (used (rev p) (fold_right mark [] outs)) in
  match shrunk mask p [] 0 with
  | Some (q, places, n) =>
    if existsb (fun k => match nth k places None with None => true | _ => false end) outs then r
    else (q, map (fun k => match nth k places None with Some j => n - S j | None => 0 end%nat) outs)
  | None => r
  end.
Lemma compact_ok r x t : outcomes (compact r) x t = outcomes r x t.
Proof.
  destruct r as [p outs]. unfold compact. destruct (shrunk _ p [] 0) as [[[q places] n]|] eqn:E; [|reflexivity].
  destruct (existsb _ outs) eqn:X; [reflexivity|].
  apply (shrunk_ok x t p _ [] [] [] q places n) in E ; [destruct E as [S L]|intros [|k] j K; discriminate].
  unfold outcomes. cbn [fst snd]. rewrite map_map. apply map_ext_in. intros k I.
  destruct (nth k places None) as [j|] eqn:P.
  - destruct (S k j P) as [_ Eq]. rewrite L in Eq. now rewrite Eq.
  - exfalso. assert (Y : existsb (fun k => match nth k places None with None => true | _ => false end) outs = true)
      by (apply existsb_exists; exists k; split; auto; now rewrite P). congruence.
Qed.

(** * Parts *)

Fixpoint divide (depth : nat) (b : list side) (r : routine) : list (list side * routine) :=
  let q := compact (fst (settled b (fst r) [] None), snd r) in
  match depth, snd (settled b (fst q) [] None) with     (* of what is left *)
  | S d, Some f =>
    (match narrow b (false, form_neg f) with Some b' => divide d b' q | None => [] end) ++
    (match narrow b (true, f) with Some b' => divide d b' q | None => [] end)
  | _, _ => [(b, q)]
  end.
Lemma routine_on b x r t : inside_box b x ->
  outcomes (compact (fst (settled b (fst r) [] None), snd r)) x t = outcomes r x t.
Proof.
  destruct r as [p outs]. intros I. rewrite compact_ok. unfold outcomes. cbn [fst snd].
  now rewrite (settled_ok b x t I p [] [] None (Forall2_nil _)).
Qed.
Lemma divide_ok x depth : forall b r, inside_box b x -> exists b' q, In (b', q) (divide depth b r) /\ inside_box b' x /\
  forall t, outcomes q x t = outcomes r x t.
Proof.
  induction depth as [|d IH]; intros b r I; pose proof (fun t => routine_on b x r t I) as E; cbn [divide];
    set (p := compact _) in *; [exists b, p; simpl; auto|].
  destruct (snd (settled b (fst p) [] None)) as [f|]; [|exists b, p; simpl; auto].
  destruct (Rlt_dec 0 (at_point x f)) as [Y|N].
  - destruct (narrow_ok b (true, f) x I Y) as [b1 [-> I1]].
    destruct (IH b1 p I1) as [b2 [q [J [I2 Q]]]]. exists b2, q. split; [apply in_or_app; auto|].
    split; auto. intros t. now rewrite Q, E.
  - destruct (narrow_ok b (false, form_neg f) x I) as [b1 [-> I1]].
    { unfold holds_at. simpl. rewrite form_neg_ok. lra. }
    destruct (IH b1 p I1) as [b2 [q [J [I2 Q]]]]. exists b2, q. split; [apply in_or_app; auto|].
    split; auto. intros t. now rewrite Q, E.
Qed.

(** And on each of them it is as it was. *)
Lemma divide_within x depth : forall b r b' q, In (b', q) (divide depth b r) -> inside_box b' x ->
  inside_box b x /\ forall t, outcomes q x t = outcomes r x t.
Proof.
  induction depth as [|d IH]; intros b r b' q J I; cbn [divide] in J; pose proof (routine_on b x r) as E;
    set (p := compact _) in *; [destruct J as [J|[]]; inversion J; subst; split; auto|].
  destruct (snd (settled b (fst p) [] None)) as [f|]; [|destruct J as [J|[]]; inversion J; subst; split; auto].
  apply in_app_or in J. destruct J as [J|J].
  - destruct (narrow b (false, form_neg f)) as [b1|] eqn:N; [|destruct J]. destruct (IH _ _ _ _ J I) as [I1 Q].
    apply (narrow_back _ _ _ x N) in I1. split; auto. intros t. now rewrite Q, E.
  - destruct (narrow b (true, f)) as [b1|] eqn:N; [|destruct J]. destruct (IH _ _ _ _ J I) as [I1 Q].
    apply (narrow_back _ _ _ x N) in I1. split; auto. intros t. now rewrite Q, E.
Qed.

(** The parts of a box of states; each cut leaves a [Select] less. *)
Definition parts_of (s : system) (b : list (Q * Q)) : list (list side * (list (node Q) * list nat)) :=
  divide (length (plant s)) (map closed_side (b ++ others s)) (plant s, outputs s).
Lemma part_next s b part r x (w : variation) : In (part, r) (parts_of s b) -> inside_box part (x ++ fst w) ->
  forall bs os, next (System bs os (fst r) (snd r)) x w = next s x w.
Proof.
  intros J I bs os. destruct (divide_within _ _ _ _ _ _ J I) as [_ E]. unfold next. f_equal. exact (E (snd w)).
Qed.
Lemma part_ok s b x (w : variation) : in_box b x -> in_box (others s) (fst w) -> exists part r,
  In (part, r) (parts_of s b) /\ inside_box part (x ++ fst w).
Proof.
  intros X W. assert (A : inside_box (map closed_side (b ++ others s)) (x ++ fst w)) by (apply closed_box, Forall2_app; auto).
  destruct (divide_ok _ (length (plant s)) _ (plant s, outputs s) A) as [part [r [I [J _]]]]. now exists part, r.
Qed.
