(** T-RULE: what exact case distinction leaves open of rules, as obligations, and that a claim is true if
    these hold.  For trees whose rules are linear in one variable there are none if the claim is true. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language RuleClaim Cases Leaves.
Import ListNotations.
Local Open Scope R_scope.

(** * A case that is left

    On the hull of its box: an end that is left out is met, or a condition fails, or what is left of the
    conclusions holds. *)

Fixpoint edges_from (i : nat) (b : list side) : list (bool * affine) :=
  match b with
  | [] => []
  | s :: b' =>
    (if open_least s then [(false, form_plus (Form (least s) []) (form_neg (variable i)))] else []) ++
    (if open_most s then [(false, form_plus (Form (- most s) []) (variable i))] else []) ++
    edges_from (S i) b'
  end.
Definition opposite (c : bool * affine) : bool * affine := (negb (fst c), form_neg (snd c)).

(** [count] forms are the last vectors of the program; the [j]-th one is compared. *)
Definition atom (count j : nat) (c : bool * affine) : formula :=
  let k := (count - S j)%nat in if fst c then Positive k else Nonnegative k.
Fixpoint alternatives (count j : nat) (l : list (bool * affine)) (last : formula) : formula :=
  match l with [] => last | c :: l' => Or (atom count j c) (alternatives count (S j) l' last) end.
Fixpoint together (count j : nat) (c : bool * affine) (l : list (bool * affine)) : formula :=
  match l with [] => atom count j c | d :: l' => And (atom count j c) (together count (S j) d l') end.
Definition forms_program (n : nat) (l : list (bool * affine)) : list (node Q) :=
  map Var (seq 0 n) ++
  [Stack (rev (seq 0 n)); Affine (map (fun c => (slopes (snd c), offset (snd c))) l) 0] ++
  map (fun j => Index j j) (seq 0 (length l)).
Definition case_obligation (b : list side) (conds : list (bool * affine)) (c : bool * affine)
  (others : list (bool * affine)) : obligation :=
  let before := edges_from 0 b ++ map opposite conds in
  let all := before ++ c :: others in
  Obligation (hull b) (forms_program (length b) all)
    (alternatives (length all) 0 before (together (length all) (length before) c others)).

Lemma run_app x t p : forall q e, run x t (p ++ q) e = run x t q (run x t p e).
Proof. induction p; intros; simpl; auto. Qed.
Lemma run_variables x t k : forall i e,
  run x t (map Var (seq i k)) e = rev (map (fun j => [nth_error x j]) (seq i k)) ++ e.
Proof.
  induction k; intros i e; [reflexivity|]. cbn [seq map run evaluate rev]. rewrite IHk, <- app_assoc. reflexivity.
Qed.
Lemma all_entries {A B} (f : A -> B) (x : list A) (g : nat -> B) : forall i,
  (forall j a, nth_error x j = Some a -> g (i + j)%nat = f a) -> map g (seq i (length x)) = map f x.
Proof.
  induction x as [|a x IH]; intros i H; [reflexivity|]. simpl. f_equal.
  - rewrite <- (Nat.add_0_r i). now apply H.
  - apply IH. intros j b E. replace (S i + j)%nat with (i + S j)%nat by lia. now apply H.
Qed.
Lemma dot_form row b : forall x, dot row (map Some x) b = Some (slope_sum row x + b).
Proof.
  induction row as [|w row IH]; intros [|v x]; simpl; try (f_equal; ring). rewrite IH. simpl. f_equal. ring.
Qed.
Lemma run_indices x t vec rest k : forall i front, length front = i ->
  run x t (map (fun j => Index j j) (seq i k)) (front ++ vec :: rest) =
  rev (map (fun j => [nth j vec None]) (seq i k)) ++ front ++ vec :: rest.
Proof.
  induction k; intros i front L; [reflexivity|]. cbn [seq map run evaluate rev].
  rewrite app_nth2 by lia. rewrite L, Nat.sub_diag. cbn [nth].
  change ([nth i vec None] :: front ++ vec :: rest) with (([nth i vec None] :: front) ++ vec :: rest).
  rewrite IHk by (simpl; lia). rewrite <- !app_assoc. reflexivity.
Qed.
Lemma forms_program_ok x t l : exists rest, run x t (forms_program (length x) l) [] =
  rev (map (fun c => [Some (at_point x (snd c))]) l) ++ rest.
Proof.
  unfold forms_program. rewrite !run_app, run_variables, app_nil_r.
  assert (V : map (fun j => [nth_error x j]) (seq 0 (length x)) = map (fun v => [Some v]) x)
    by (apply (all_entries (fun v => [Some v])); intros j v E; simpl; now rewrite E).
  rewrite V. cbn [run]. set (e := rev (map (fun v => [Some v]) x)).
  assert (S : evaluate x (t (length e)) e (Stack (rev (seq 0 (length x)))) = map Some x).
  { cbn [evaluate]. rewrite map_rev, <- (rev_involutive (map Some x)). f_equal.
    rewrite <- (map_rev Some), <- (rev_length x).
    apply (all_entries Some). intros j v E. unfold e. rewrite <- map_rev. cbn [plus].
    rewrite (nth_error_nth (map (fun v => [Some v]) (rev x)) j [] (x := [Some v])); [reflexivity|].
    now rewrite nth_error_map, E. }
  rewrite S. cbn [evaluate nth]. rewrite map_map. cbn [fst snd].
  erewrite (map_ext (fun c : bool * affine => dot _ _ _)) by (intros c; now rewrite dot_form).
  eexists. etransitivity; [apply (run_indices x t _ (map Some x :: e) (length l) 0 []); reflexivity|]. f_equal. f_equal.
  apply (all_entries (fun c => [Some (at_point x (snd c))])). intros j c E. simpl. f_equal.
  rewrite (nth_error_nth (map _ l) j None (x := Some (at_point x (snd c)))); [reflexivity|].
  rewrite nth_error_map, E. simpl. unfold at_point. do 2 f_equal. ring.
Qed.

Section Case.
Variables (x : list R) (t : choice) (all : list (bool * affine)).
Let e := run x t (forms_program (length x) all) [].

Lemma atom_ok j c : nth_error all j = Some c -> truth e (atom (length all) j c) -> holds_at x c.
Proof.
  intros E T. unfold e in T. destruct (forms_program_ok x t all) as [rest R]. rewrite R in T. clear R.
  assert (L : (j < length all)%nat) by (apply nth_error_Some; now rewrite E).
  assert (N : nth (length all - S j) (rev (map (fun c => [Some (at_point x (snd c))]) all) ++ rest) [] =
    [Some (at_point x (snd c))]).
  { rewrite app_nth1 by (rewrite rev_length, map_length; lia).
    rewrite rev_nth by (rewrite map_length; lia). rewrite map_length.
    replace (length all - S (length all - S j))%nat with j by lia.
    apply nth_error_nth. now rewrite nth_error_map, E. }
  unfold atom, holds_at in *. destruct c as [[|] a]; cbn [fst snd truth beyond] in *; rewrite N in T;
    destruct T as [v [Ev Hv]]; inversion Ev; subst; auto.
Qed.
Lemma alternatives_ok last : forall l j, (forall i c, nth_error l i = Some c -> nth_error all (j + i) = Some c) ->
  Forall (fun c => ~ holds_at x c) l -> truth e (alternatives (length all) j l last) -> truth e last.
Proof.
  induction l as [|c l IH]; intros j A F T; simpl in T; auto. inversion F; subst. destruct T as [T|T].
  - apply (atom_ok j c) in T; [contradiction|]. rewrite <- (Nat.add_0_r j). now apply A.
  - apply (IH (S j)); auto. intros i d E. replace (S j + i)%nat with (j + S i)%nat by lia. now apply A.
Qed.
Lemma together_ok : forall l c j, (forall i d, nth_error (c :: l) i = Some d -> nth_error all (j + i) = Some d) ->
  truth e (together (length all) j c l) -> Forall (holds_at x) (c :: l).
Proof.
  induction l as [|d l IH]; intros c j A T; simpl in T.
  - constructor; auto. apply (atom_ok j); auto. rewrite <- (Nat.add_0_r j). now apply A.
  - destruct T as [T1 T2]. constructor.
    + apply (atom_ok j); auto. rewrite <- (Nat.add_0_r j). now apply A.
    + apply (IH d (S j)); auto. intros i f E. replace (S j + i)%nat with (j + S i)%nat by lia. now apply A.
Qed.
End Case.

Lemma edges_ok b : forall x i whole, inside_box b x -> (forall j v, nth_error x j = Some v -> nth_error whole (i + j) = Some v) ->
  Forall (fun c => ~ holds_at whole c) (edges_from i b).
Proof.
  induction b as [|s b IH]; intros x i whole H W; inversion H as [|? v ? x' [L U] H']; subst; simpl; [constructor|].
  assert (V : at_point whole (variable i) = v) by (apply variable_ok; rewrite <- (Nat.add_0_r i); now apply W).
  apply Forall_app. split; [|apply Forall_app; split].
  - destruct (open_least s); constructor; [|constructor]. unfold holds_at. simpl.
    rewrite form_plus_ok, form_neg_ok, V. unfold at_point. simpl in *. lra.
  - destruct (open_most s); constructor; [|constructor]. unfold holds_at. simpl.
    rewrite form_plus_ok, V. unfold at_point. simpl in *. rewrite Q2R_opp. lra.
  - apply (IH x'); auto. intros j w E. replace (S i + j)%nat with (i + S j)%nat by lia. now apply W.
Qed.
Lemma opposite_ok x c : holds_at x c -> ~ holds_at x (opposite c).
Proof.
  unfold holds_at, opposite. destruct c as [[|] a]; simpl; rewrite form_neg_ok; lra.
Qed.
Lemma case_ok b conds c others x : holds (case_obligation b conds c others) -> inside_box b x ->
  Forall (holds_at x) conds -> Forall (holds_at x) (c :: others).
Proof.
  intros H I F. specialize (H x (hull_ok b x I) (fun _ _ => 0) (fun _ _ => conj (Rle_refl 0) Rle_0_1)).
  cbn [case_obligation program goal] in H. rewrite (as_long _ _ _ I) in H.
  set (before := edges_from 0 b ++ map opposite conds) in *.
  apply alternatives_ok in H.
  - apply together_ok in H; auto. intros i d E. rewrite nth_error_app2 by lia.
    now replace (length before + i - length before)%nat with i by lia.
  - intros i d E. simpl. rewrite nth_error_app1; auto. apply nth_error_Some. now rewrite E.
  - unfold before. apply Forall_app. split; [apply (edges_ok b x); auto|].
    clear -F. induction F; simpl; constructor; auto. now apply opposite_ok.
Qed.

(** * All cases of a rule *)

Definition case_of (b : list side) (conds concls : list (bool * affine)) : option (list obligation) :=
  match where_all b (conds ++ conds) with
  | None => Some []
  | Some here =>
    match filter (fun c => negb (impossible here (fst (opposite c)) (snd (opposite c)))) concls with
    | [] => Some []
    | c :: others => Some [case_obligation here conds c others]
    end
  end.

Notation finding := (list side -> list (bool * affine) -> option (list obligation)).
Fixpoint explore_conditions (l : list (bool * term)) (b : list side) (k : finding) : option (list obligation) :=
  match l with
  | [] => k b []
  | (s, t) :: l' =>
    explore obligation t b (fun b a => where_positive obligation b (s, a) (fun b =>
      explore_conditions l' b (fun b fs => k b ((s, a) :: fs))))
  end.
Fixpoint explore_conclusions (l : list (bool * term)) (b : list side) (k : finding) : option (list obligation) :=
  match l with
  | [] => k b []
  | (s, t) :: l' =>
    explore obligation t b (fun b a => explore_conclusions l' b (fun b fs => k b ((s, a) :: fs)))
  end.

Fixpoint compared_terms (e : list (list term)) (l : list comparison) : option (list (bool * term)) :=
  match l with
  | [] => Some []
  | c :: l' =>
    match nth (compared c) e [], compared_terms e l' with
    | [t], Some ts => Some ((strict c, t) :: ts)
    | _, _ => None
    end
  end.
Definition open_cases (b : list side) (e : list (list term)) (r : rule) : option (list obligation) :=
  match compared_terms e (conditions r), compared_terms e (conclusions r) with
  | Some when_, Some then_ =>
    explore_conditions when_ b (fun b conds => explore_conclusions then_ b (fun b concls => case_of b conds concls))
  | _, _ => None
  end.
Definition rule_obligations (c : rule_claim) : option (list obligation) :=
  let b := map closed_side (domain c) in
  let e := terms (decisions c) [] in
  fold_right (fun r l => both obligation (open_cases b e r) l) (Some []) (rules c).

(** ** They suffice *)

Definition has_value (x : list R) (c : bool * term) (s : scalar) : Prop := stands x (snd c) s.
Section Rule.
Variable x : list R.

Lemma case_of_ok b conds concls l : case_of b conds concls = Some l -> Forall holds l -> inside_box b x ->
  Forall (holds_at x) conds -> Forall (holds_at x) concls.
Proof.
  unfold case_of. intros E H I F. destruct (where_all_ok (conds ++ conds) x b I) as [here [W J]]; [now apply Forall_app|].
  rewrite W in E. rewrite Forall_forall. intros c C.
  destruct (impossible here (fst (opposite c)) (snd (opposite c))) eqn:Q.
  - apply (impossible_ok _ _ _ x Q) in J. unfold opposite, holds_at in *. destruct c as [[|] a]; simpl in *;
      rewrite form_neg_ok in J; lra.
  - assert (K : In c (filter (fun c => negb (impossible here (fst (opposite c)) (snd (opposite c)))) concls))
      by (apply filter_In; now rewrite Q).
    destruct (filter _ _) as [|d others]; [destruct K|]. inversion E; subst l. inversion H; subst.
    assert (G : Forall (holds_at x) (d :: others)) by (apply (case_ok here conds); auto).
    rewrite Forall_forall in G. now apply G.
Qed.

Lemma explore_conclusions_ok (P : Prop) l : forall b (k : finding) found ss, explore_conclusions l b k = Some found ->
  inside_box b x -> Forall2 (has_value x) l ss -> Forall holds found ->
  (forall b' fs found', k b' fs = Some found' -> inside_box b' x ->
    Forall2 (fun f cs => fst f = fst (fst cs) /\ snd cs = Some (at_point x (snd f))) fs (combine l ss) ->
    Forall holds found' -> P) -> P.
Proof.
  induction l as [|[s t] l IH]; intros b k found ss E I V H K; simpl in E.
  - apply (K _ _ _ E I); auto. constructor.
  - inversion V as [|? v ? vs Vt V']; subst.
    apply (explore_ok obligation holds x P t _ _ _ _ E I Vt H). intros b1 a l1 E1 I1 -> H1.
    apply (IH _ _ _ vs E1 I1 V' H1). intros b2 fs l2 E2 I2 F2 H2.
    apply (K _ _ _ E2 I2); auto. simpl. constructor; auto.
Qed.
Lemma explore_conditions_ok (P : Prop) l : forall b (k : finding) found ss, explore_conditions l b k = Some found ->
  inside_box b x -> Forall2 (has_value x) l ss -> Forall holds found ->
  Forall2 (fun c s => forall v, s = Some v -> beyond (fst c) 0 v) l ss ->
  (forall b' fs found', k b' fs = Some found' -> inside_box b' x -> Forall (holds_at x) fs ->
    Forall holds found' -> P) -> P.
Proof.
  induction l as [|[s t] l IH]; intros b k found ss E I V H M K; simpl in E.
  - apply (K _ _ _ E I); auto.
  - inversion V as [|? v ? vs Vt V']; subst. inversion M as [|? ? ? ? M1 M2]; subst.
    apply (explore_ok obligation holds x P t _ _ _ _ E I Vt H). intros b1 a l1 E1 I1 -> H1.
    pose proof (M1 _ eq_refl : holds_at x (s, a)) as Ha.
    unfold where_positive in E1. destruct (narrow_ok b1 (s, a) x I1 Ha) as [b2 [N2 I2]]. rewrite N2 in E1.
    apply (IH _ _ _ vs E1 I2 V' H1 M2). intros b3 fs l3 E3 I3 F3 H3. apply (K _ _ _ E3 I3); auto.
Qed.

Lemma compared_terms_ok e vs l : Forall2 (all_stand x) e vs -> forall ts, compared_terms e l = Some ts ->
  exists ss, Forall2 (has_value x) ts ss /\
  Forall2 (fun c ts => nth (compared c) vs [] = [snd ts] /\ strict c = fst (fst ts)) l (combine ts ss).
Proof.
  intros H. induction l as [|c l IH]; intros ts E; simpl in E.
  - inversion E; subst. exists []. repeat constructor.
  - pose proof (stand_arg x e vs (compared c) H) as A. destruct (nth (compared c) e []) as [|t [|]]; try discriminate.
    destruct (compared_terms e l) as [ts'|]; [|discriminate]. inversion E; subst. destruct (IH ts' eq_refl) as [ss [S1 S2]].
    inversion A as [|? s ? ? St A']; subst. inversion A'; subst. exists (s :: ss). split; simpl; constructor; auto.
Qed.

Lemma open_cases_ok b e vs r l : open_cases b e r = Some l -> Forall holds l -> inside_box b x ->
  Forall2 (all_stand x) e vs -> (forall a, In a (conditions r) -> met vs a) ->
  forall a, In a (conclusions r) -> kept vs a.
Proof.
  unfold open_cases. intros E H I A M.
  destruct (compared_terms e (conditions r)) as [ws|] eqn:Ew; [|discriminate].
  destruct (compared_terms e (conclusions r)) as [ts|] eqn:Et; [|discriminate].
  destruct (compared_terms_ok e vs _ A _ Ew) as [us [U1 U2]]. destruct (compared_terms_ok e vs _ A _ Et) as [ss [S1 S2]].
  apply (explore_conditions_ok (forall a, In a (conclusions r) -> kept vs a) _ _ _ _ us E I U1 H).
  { clear -U1 U2 M. revert us ws U1 U2 M. generalize (conditions r).
    induction l as [|c l IH]; intros us ws U1 U2 M; destruct U1 as [|w u ws us W U1]; simpl in U2; try (now inversion U2); constructor.
    - inversion U2 as [|? ? ? ? [N S] ?]; subst. simpl in *. intros v Ev. subst u.
      pose proof (M c (or_introl eq_refl) v N) as K. unfold compares in K. rewrite S in K. destruct (fst w); auto.
    - inversion U2; subst. apply IH; auto. intros a J. apply M. now right. }
  intros b1 conds l1 E1 I1 F1 H1. apply (explore_conclusions_ok _ _ _ _ _ ss E1 I1 S1 H1).
  intros b2 concls l2 E2 I2 F2 H2. pose proof (case_of_ok b2 conds concls l2 E2 H2 I2 F1) as G.
  clear -S1 S2 F2 G. revert ts ss concls S1 S2 F2 G. generalize (conclusions r).
  induction l as [|c l IH]; intros ts ss concls S1 S2 F2 G a J; [destruct J|].
  destruct S1 as [|w s ts ss W S1]; simpl in S2, F2; [inversion S2|].
  inversion S2 as [|? ? ? ? [N S] S2']; subst. inversion F2 as [|f ? fs ? [Ff Fv] F2']; subst. inversion G as [|? ? G1 G2]; subst.
  simpl in *. destruct J as [<-|J].
  - exists (at_point x (snd f)). split; [congruence|]. unfold holds_at in G1. rewrite Ff in G1. unfold compares. rewrite S.
    destruct (fst w); auto.
  - apply (IH ts ss fs); auto.
Qed.
End Rule.

Theorem ruled_if_hold c l : rule_obligations c = Some l -> (forall o, In o l -> holds o) -> ruled c.
Proof.
  intros E H x X t T r Ir M. unfold rule_obligations in E. apply closed_box in X.
  assert (A : Forall2 (all_stand x) (terms (decisions c) []) (run x t (decisions c) [])) by (apply terms_ok; constructor).
  assert (G : exists m, open_cases (map closed_side (domain c)) (terms (decisions c) []) r = Some m /\ incl m l).
  { clear -E Ir. revert l E. induction (rules c) as [|q rs IH]; intros l E; [destruct Ir|]. simpl in E. unfold both in E.
    destruct (open_cases _ _ q) as [m|] eqn:O; [|discriminate].
    destruct (fold_right _ _ rs) as [m'|] eqn:F; [|discriminate]. inversion E; subst. destruct Ir as [->|Ir].
    - exists m. split; auto. intros o I. apply in_or_app. now left.
    - destruct (IH Ir m' eq_refl) as [n [O' I']]. exists n. split; auto. intros o I. apply in_or_app. right. now apply I'. }
  destruct G as [m [O I]]. apply (open_cases_ok x _ _ _ r m O); auto.
  rewrite Forall_forall. intros o J. apply H, I, J.
Qed.
